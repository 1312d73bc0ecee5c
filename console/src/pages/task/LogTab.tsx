import { Button, Group, Select, Switch, TextInput } from "@mantine/core";
import { IconDownload, IconSearch } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { LogLine, Task } from "@/api/types";
import { Empty, Failed, Loading } from "@/parts/PageStates";
import { toastFailed } from "@/parts/toast";
import { FINAL } from "@/states/states";
import { absolute, clock } from "@/time/format";
import { useTimePreference } from "@/time/preference";
import classes from "./LogTab.module.css";
import { fieldText, logFile, SEVERITIES, type Severity, wanted } from "./logText";
import { treeQuery } from "./queries";
import { logPages, useLog } from "./useLog";

const ROW = 22;

/** What a task said, as it says it. */
export function LogTab({ task }: { task: Task }) {
  const [severity, setSeverity] = useState<Severity>("debug");
  const [step, setStep] = useState("");
  const [text, setText] = useState("");
  const [follows, setFollows] = useState(true);
  const isFinal = FINAL.has(task.state);
  const log = useLog(task.id, severity, isFinal);
  const sought = useDeferredValue(text);
  const lines = useMemo(() => wanted(log.lines, step, sought), [log.lines, step, sought]);
  const steps = useSteps(task, log.lines);
  const saving = useMutation({
    mutationFn: () => download(task, severity),
    onError: (error) => toastFailed("The log was not downloaded", error),
  });
  return (
    <>
      <Group gap="sm">
        <Select
          aria-label="Severity"
          w={140}
          allowDeselect={false}
          value={severity}
          data={SEVERITIES.map((value) => ({ value, label: value === "debug" ? "all severities" : `${value} and up` }))}
          onChange={(value) => setSeverity((value as Severity | null) ?? "debug")}
        />
        {steps.length > 1 && (
          <Select
            aria-label="Step"
            w={190}
            clearable
            placeholder="all steps"
            value={step || null}
            data={steps}
            onChange={(value) => setStep(value ?? "")}
          />
        )}
        <TextInput
          className={classes.search}
          aria-label="Search the log"
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={follows}
          onChange={(event) => setFollows(event.currentTarget.checked)}
        />
        <Button
          variant="default"
          leftSection={<IconDownload size={15} />}
          loading={saving.isPending}
          onClick={() => saving.mutate()}
        >
          Download
        </Button>
      </Group>
      {log.error ? (
        <Failed error={log.error} />
      ) : log.isLoading ? (
        <Loading />
      ) : lines.length === 0 ? (
        <Empty title={log.lines.length === 0 ? "It has not said anything" : "No line fits"} />
      ) : (
        <Lines lines={lines} follows={follows} onLeaveEnd={() => setFollows(false)} />
      )}
    </>
  );
}

function Lines({
  lines,
  follows,
  onLeaveEnd,
}: {
  lines: readonly LogLine[];
  follows: boolean;
  onLeaveEnd: () => void;
}) {
  const [{ zone }] = useTimePreference();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
  });
  useEffect(() => {
    if (follows && lines.length > 0) {
      virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [follows, lines.length, virtualizer]);
  return (
    <div
      className={classes.scroller}
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
      tabIndex={0}
      role="log"
      aria-label="Log lines"
      onWheel={(event) => event.deltaY < 0 && onLeaveEnd()}
    >
      <div style={{ position: "relative", height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) {
            return null;
          }
          const at = Date.parse(line.at);
          return (
            <div
              key={line.seq}
              className={classes.line}
              data-severity={line.severity}
              ref={virtualizer.measureElement}
              data-index={item.index}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <time className={classes.time} dateTime={line.at} title={absolute(at, zone)}>
                {clock(at, zone, true)}
              </time>
              <span className={classes.severity}>{line.severity}</span>
              <span className={classes.message}>
                {line.message} <span className={classes.fields}>{fieldText(line)}</span>
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The steps that lines are of, by name where the tree still knows them. */
function useSteps(task: Task, lines: readonly LogLine[]): { value: string; label: string }[] {
  const tree = useQuery(treeQuery(task.id));
  return useMemo(() => {
    const names = new Map(tree.data?.nodes.map((node) => [node.id, node.name]));
    const seen = new Set(lines.map((line) => line.step_id ?? line.task_id));
    return [...seen].map((id) => ({ value: id, label: names.get(id) ?? id.slice(-12) }));
  }, [tree.data, lines]);
}

async function download(task: Task, severity: Severity): Promise<void> {
  const parts: string[] = [];
  for await (const lines of logPages(task.id, severity, 0)) {
    parts.push(logFile(lines));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = `task-${task.number}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}
