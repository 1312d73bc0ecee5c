import { Code, Spoiler, Text } from "@mantine/core";
import type { TaskError } from "@/api/types";
import { CopyText } from "@/parts/JsonView";
import classes from "./ErrorView.module.css";

/** What went wrong, with the traceback below it. */
export function ErrorView({ error }: { error: TaskError }) {
  return (
    <div className={classes.error}>
      <Text size="sm" fw={600} c="var(--state-failed)">
        {error.type}
        {error.code && <span className={classes.code}>{error.code}</span>}
      </Text>
      <Text size="sm" className={classes.message}>
        {error.message || "without a message"}
      </Text>
      {error.traceback && (
        <Spoiler maxHeight={220} showLabel="Show all of the traceback" hideLabel="Show less" mt="xs">
          <div className={classes.traceback}>
            <Code block>{error.traceback}</Code>
            <span className={classes.copy}>
              <CopyText text={error.traceback} label="Copy the traceback" />
            </span>
          </div>
        </Spoiler>
      )}
    </div>
  );
}
