import { useEffect, useEffectEvent, useRef, useState } from "react";
import { API_PREFIX, api, body } from "@/api/client";
import type { LogLine } from "@/api/types";
import { useConnection } from "@/live/hooks";
import { BATCH_MS } from "@/live/stream";
import type { Severity } from "./logText";

const PAGE = 5_000;
/** Lines kept on the page; older ones are left out of it, and still in the download. */
export const KEPT = 50_000;

export interface Log {
  lines: readonly LogLine[];
  isLoading: boolean;
  error: unknown;
}

const EMPTY: Log = { lines: [], isLoading: true, error: null };

/** The lines of a task from this severity on, and those to come while the page is live. */
export function useLog(taskId: string, severity: Severity, isFinal: boolean): Log {
  const [log, setLog] = useState<Log>(EMPTY);
  const last = useRef(0);
  const isPaused = useConnection() === "paused";
  // Whoever has ended says nothing more; a stream that is open when it ends is ended by the server.
  const mayGoOn = useEffectEvent(() => !isFinal);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another log begins anew
  useEffect(() => {
    last.current = 0;
    setLog(EMPTY);
  }, [taskId, severity]);

  useEffect(() => {
    const leaving = new AbortController();
    let source: EventSource | undefined;
    let timer: number | undefined;
    const add = (lines: LogLine[]) => {
      last.current = lines.at(-1)?.seq ?? last.current;
      setLog((before) => ({ lines: [...before.lines, ...lines].slice(-KEPT), isLoading: false, error: null }));
    };
    const follow = () => {
      let batch: LogLine[] = [];
      source = new EventSource(
        `${API_PREFIX}/v1/tasks/${taskId}/logs?follow=true&after=${last.current}&severity=${severity}`,
      );
      source.addEventListener("log", (message) => {
        batch.push(JSON.parse(message.data) as LogLine);
        timer ??= window.setTimeout(() => {
          add(batch);
          batch = [];
          timer = undefined;
        }, BATCH_MS);
      });
    };
    const read = async () => {
      for await (const lines of logPages(taskId, severity, last.current, leaving.signal)) {
        add(lines);
      }
      if (!isPaused && !leaving.signal.aborted && mayGoOn()) {
        follow();
      }
    };
    read().catch((error: unknown) => {
      if (!leaving.signal.aborted) {
        setLog((before) => ({ ...before, isLoading: false, error }));
      }
    });
    return () => {
      leaving.abort();
      source?.close();
      window.clearTimeout(timer);
    };
  }, [taskId, severity, isPaused]);
  return log;
}

/** Every line there is now behind `after`, page by page. */
export async function* logPages(
  taskId: string,
  severity: Severity,
  after: number,
  signal?: AbortSignal,
): AsyncGenerator<LogLine[]> {
  let cursor = after;
  while (true) {
    const page = await body(
      api.GET("/v1/tasks/{task}/logs", {
        params: { path: { task: taskId }, query: { after: cursor, limit: PAGE, severity } },
        signal,
      }),
    );
    yield page.items;
    const last = page.items.at(-1);
    if (page.items.length < PAGE || !last) {
      return;
    }
    cursor = last.seq;
  }
}
