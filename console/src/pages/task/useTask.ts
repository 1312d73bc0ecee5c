import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useEvents, useRefreshOnEvents } from "@/live/hooks";
import { patched } from "@/live/patch";
import { taskQuery } from "./queries";

/** A task, live: its events change it in place, and what they do not tell is read again. */
export function useTask(ref: string) {
  const client = useQueryClient();
  const options = taskQuery(ref);
  const task = useQuery(options);
  const id = task.data?.id;
  const [removedId, setRemovedId] = useState<string>();
  useEvents(
    (events) => {
      const own = events.filter((event) => event.task_id === id);
      if (own.length > 0) {
        client.setQueryData(options.queryKey, (known) => known && own.reduce(patched, known));
      }
      const gone = events.find((event) => event.kind === "deleted" && event.task_id === task.data?.root_id);
      if (gone) {
        setRemovedId(id);
      }
    },
    () => void client.invalidateQueries({ queryKey: options.queryKey }),
  );
  useRefreshOnEvents(options.queryKey, (event) => event.task_id === id && event.kind !== "progress");
  useRefreshOnEvents(["task-part", id ?? "", "reports"], (event) => event.task_id === id && event.kind === "report");
  useRefreshOnEvents(["task-part", id ?? "", "attempts"], (event) => event.task_id === id && event.kind === "state");
  useRefreshOnEvents(["task-part", id ?? "", "created"], (event) => event.task_id === id && event.kind === "state");
  useRefreshOnEvents(
    ["task-part", id ?? "", "resource"],
    (event) => event.kind === "state" || event.kind === "created",
  );
  return { task, isRemoved: removedId !== undefined && removedId === id };
}
