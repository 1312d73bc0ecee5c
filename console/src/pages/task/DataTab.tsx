import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Task } from "@/api/types";
import { CopyText, JsonView } from "@/parts/JsonView";
import { QueryStates } from "@/parts/PageStates";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateBadge } from "@/states/StateBadge";
import { FINAL } from "@/states/states";
import classes from "./DataTab.module.css";
import { ErrorView } from "./ErrorView";
import { createdQuery, reportsQuery } from "./queries";

/** What went in, what came out, what it told on the way. */
export function DataTab({ task }: { task: Task }) {
  const reports = useQuery(reportsQuery(task.id));
  const created = useQuery(createdQuery(task.id));
  return (
    <div className={classes.parts}>
      {task.error && (
        <Part title="Error">
          <ErrorView error={task.error} />
        </Part>
      )}
      <Part title="Arguments">
        <JsonView value={task.args} label="arguments" />
      </Part>
      <Part title="Result">
        {FINAL.has(task.state) || task.result !== null ? (
          <JsonView value={task.result} label="result" />
        ) : (
          <Nothing>There is none before its end.</Nothing>
        )}
      </Part>
      <Part title="Progress reports">
        <QueryStates query={reports}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing>It told of none.</Nothing>
            ) : (
              <ul className={classes.reports}>
                {items.map((report) => (
                  <li key={report.code}>
                    <span className={classes.code}>{report.code}</span>
                    <StateBadge state={report.state ?? "running"} />
                    <ProgressBar
                      progress={{
                        done: report.done ?? 0,
                        total: report.total ?? null,
                        unit: report.unit ?? "",
                        message: "",
                      }}
                      state={report.state ?? "running"}
                    />
                    <span className={classes.message}>{report.message}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </QueryStates>
      </Part>
      <Part title="Created resources">
        <QueryStates query={created}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing>It told of none.</Nothing>
            ) : (
              <ul className={classes.names}>
                {items.map((name) => (
                  <li key={name}>
                    <code>{name}</code> <CopyText text={name} label={`Copy ${name}`} />
                  </li>
                ))}
              </ul>
            )
          }
        </QueryStates>
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className={classes.title}>{title}</h3>
      {children}
    </section>
  );
}

function Nothing({ children }: { children: string }) {
  return (
    <Text size="sm" c="var(--faint)">
      {children}
    </Text>
  );
}
