import { API_PREFIX } from "@/api/client";
import { queryClient, SESSION_KEY } from "@/api/queries";
import type { TaskEvent } from "@/api/types";

export type Connection = "connecting" | "live" | "paused";

/** What a part of a page does with events. */
export interface Listener {
  /** Events in order, in batches: at most one batch every `BATCH_MS`. */
  onEvents(events: TaskEvent[]): void;
  /** Events may have been missed: read again whatever is shown. */
  onReset(): void;
}

export const EVENT_KINDS = ["created", "state", "progress", "report", "tree", "updated", "deleted"];
export const BATCH_MS = 200;

/**
 * The one stream of events that all parts of all pages share: browsers allow few connections to a server.
 *
 * It is closed while nobody listens, while it is paused, and while the page is hidden.
 */
export class LiveStream {
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Set<() => void>();
  private source: EventSource | undefined;
  private batch: TaskEvent[] = [];
  private timer: number | undefined;
  private isPaused = false;
  private connection: Connection = "connecting";

  /** `onRefused` is called when the server answers that there is no stream for the caller. */
  constructor(private readonly onRefused: () => void) {
    document.addEventListener("visibilitychange", () => this.adjust());
  }

  /** Listens until the returned function is called. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    this.adjust();
    return () => {
      this.listeners.delete(listener);
      this.adjust();
    };
  }

  readonly watch = (onChange: () => void): (() => void) => {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  };

  readonly state = (): Connection => this.connection;

  pause(): void {
    this.isPaused = true;
    this.adjust();
  }

  resume(): void {
    this.isPaused = false;
    this.adjust();
  }

  private adjust(): void {
    const isWanted = this.listeners.size > 0 && !this.isPaused && !document.hidden;
    if (isWanted && this.source === undefined) {
      this.open();
    } else if (!isWanted && this.source !== undefined) {
      this.close();
    }
    if (this.isPaused) {
      this.tell("paused");
    }
  }

  private open(): void {
    this.tell("connecting");
    const source = new EventSource(`${API_PREFIX}/v1/events`);
    source.onopen = () => {
      this.tell("live");
      // Between what was read before and the first event something may have happened.
      for (const listener of this.listeners) {
        listener.onReset();
      }
    };
    source.onerror = () => {
      this.tell("connecting");
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        // The browser has given up; the server may be starting, or the session over.
        this.close();
        this.onRefused();
        window.setTimeout(() => this.adjust(), 3_000);
      }
    };
    for (const kind of EVENT_KINDS) {
      source.addEventListener(kind, (message) => this.collect(JSON.parse(message.data) as TaskEvent));
    }
    this.source = source;
  }

  private close(): void {
    this.source?.close();
    this.source = undefined;
    this.batch = [];
    window.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private collect(event: TaskEvent): void {
    this.batch.push(event);
    this.timer ??= window.setTimeout(() => {
      const events = this.batch;
      this.batch = [];
      this.timer = undefined;
      for (const listener of this.listeners) {
        listener.onEvents(events);
      }
    }, BATCH_MS);
  }

  private tell(connection: Connection): void {
    if (connection !== this.connection) {
      this.connection = connection;
      for (const watcher of this.watchers) {
        watcher();
      }
    }
  }
}

export const liveStream = new LiveStream(() => void queryClient.invalidateQueries({ queryKey: SESSION_KEY }));
