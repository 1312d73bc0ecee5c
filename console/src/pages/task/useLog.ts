import { useEffect, useState } from "react";
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

/** The lines of a task from this severity on, and those to come while the page is live. */
export function useLog(taskId: string, severity: Severity, isFinal: boolean): Log {
  const [log, setLog] = useState<Log>({ lines: [], isLoading: true, error: null });
  const isPaused = useConnection() === "paused";
  useEffect(() => {
    const leaving = new AbortController();
    let source: EventSource | undefined;
    let timer: number | undefined;
    setLog({ lines: [], isLoading: true, error: null });
    const add = (lines: LogLine[]) =>
      setLog((before) => ({ lines: [...before.lines, ...lines].slice(-KEPT), isLoading: false, error: null }));

    const follow = (after: number) => {
      let batch: LogLine[] = [];
      source = new EventSource(`${API_PREFIX}/v1/tasks/${taskId}/logs?follow=true&after=${after}&severity=${severity}`);
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
      let last = 0;
      for await (const lines of logPages(taskId, severity, leaving.signal)) {
        add(lines);
        last = lines.at(-1)?.seq ?? last;
      }
      if (!isFinal && !isPaused && !leaving.signal.aborted) {
        follow(last);
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
  }, [taskId, severity, isFinal, isPaused]);
  return log;
}

/** Every line there is now, page by page. */
export async function* logPages(taskId: string, severity: Severity, signal?: AbortSignal): AsyncGenerator<LogLine[]> {
  let after = 0;
  while (true) {
    const page = await body(
      api.GET("/v1/tasks/{task}/logs", {
        params: { path: { task: taskId }, query: { after, limit: PAGE, severity } },
        signal,
      }),
    );
    yield page.items;
    const last = page.items.at(-1);
    if (page.items.length < PAGE || !last) {
      return;
    }
    after = last.seq;
  }
}
