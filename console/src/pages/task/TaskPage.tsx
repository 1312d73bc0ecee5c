import { Alert, Group, Tabs, Text, Title } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ComponentType } from "react";
import type { Task } from "@/api/types";
import { useShortcut } from "@/keys/shortcuts";
import { quantity } from "@/parts/numbers";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateBadge } from "@/states/StateBadge";
import { FINAL, WAITING } from "@/states/states";
import { AttemptsTab } from "./AttemptsTab";
import { DataTab } from "./DataTab";
import { ErrorView } from "./ErrorView";
import { EventsTab } from "./EventsTab";
import { LogTab } from "./LogTab";
import { ResourcesTab } from "./ResourcesTab";
import { TABS, type Tab, taskRoute } from "./route";
import { TaskActions } from "./TaskActions";
import { TaskFacts } from "./TaskFacts";
import classes from "./TaskPage.module.css";
import { TimelineTab } from "./TimelineTab";
import { TreeTab } from "./TreeTab";
import { useTask } from "./useTask";
import { WhyPanel } from "./WhyPanel";

const TAB_PAGES: Record<Tab, { title: string; page: ComponentType<{ task: Task }> }> = {
  tree: { title: "Tree", page: TreeTab },
  timeline: { title: "Timeline", page: TimelineTab },
  logs: { title: "Log", page: LogTab },
  data: { title: "Data", page: DataTab },
  resources: { title: "Resources", page: ResourcesTab },
  attempts: { title: "Attempts", page: AttemptsTab },
  events: { title: "Events", page: EventsTab },
};

/** One task: how it stands, what can be done to it, and all that is known of it. */
export function TaskPage() {
  const { task: ref } = taskRoute.useParams();
  const { task, isRemoved } = useTask(ref);
  return (
    <Page
      title={task.data ? `${task.data.name} #${task.data.number}` : `Task ${ref}`}
      heading={task.data && <Heading task={task.data} />}
      actions={task.data && !isRemoved && <TaskActions task={task.data} key={task.data.id} />}
    >
      {isRemoved && (
        <Alert color="gray" role="status">
          This task was removed. What is shown is how it was last.
        </Alert>
      )}
      <QueryStates query={task}>{(data) => <TaskView task={data} key={data.id} />}</QueryStates>
    </Page>
  );
}

function Heading({ task }: { task: Task }) {
  return (
    <div className={classes.heading}>
      <nav aria-label="Where the task is" className={classes.trail}>
        <Link to="/tasks">Tasks</Link>
        {task.parent_id && (
          <>
            <span>/</span>
            <Link to="/tasks/$task" params={{ task: task.root_id }}>
              root
            </Link>
            {task.parent_id !== task.root_id && (
              <>
                <span>/</span>
                <Link to="/tasks/$task" params={{ task: task.parent_id }}>
                  parent
                </Link>
              </>
            )}
          </>
        )}
      </nav>
      <Group gap="sm">
        <Title order={1}>{task.name}</Title>
        <span className={classes.number}>#{task.number}</span>
        <StateBadge state={task.state} />
      </Group>
    </div>
  );
}

function TaskView({ task }: { task: Task }) {
  const { tab = "tree" } = taskRoute.useSearch();
  const navigate = useNavigate();
  const open = (next: Tab) =>
    void navigate({ to: ".", search: { tab: next === "tree" ? undefined : next } as never, replace: true });
  const step = (by: number) => open(TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? "tree");
  useShortcut("]", "Next tab", () => step(1));
  useShortcut("[", "Previous tab", () => step(-1));
  const { done = 0, total, unit = "", message } = task.progress;
  // Room is kept for what may still come, so that nothing moves when it does.
  const hasProgress = !FINAL.has(task.state) || Boolean(total || done || message);
  return (
    <>
      <Panel>
        {hasProgress && (
          <div className={classes.progress}>
            <ProgressBar progress={task.progress} state={task.state} />
            <Text size="sm" c="var(--faint)" className={classes.message}>
              {[total ? `${quantity(done, unit)} of ${quantity(total, unit)}` : "", message]
                .filter(Boolean)
                .join(" · ")}
            </Text>
          </div>
        )}
        <TaskFacts task={task} />
      </Panel>
      {WAITING.has(task.state) && <WhyPanel task={task} />}
      {task.error && tab !== "data" && <ErrorView error={task.error} />}
      <Panel>
        <Tabs value={tab} onChange={(value) => open((value as Tab | null) ?? "tree")} keepMounted={false}>
          <Tabs.List className={classes.tabs}>
            {TABS.map((value) => (
              <Tabs.Tab key={value} value={value}>
                {TAB_PAGES[value].title}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {TABS.map((value) => {
            const { page: TabPage } = TAB_PAGES[value];
            return (
              <Tabs.Panel key={value} value={value} className={classes.panel}>
                <TabPage task={task} />
              </Tabs.Panel>
            );
          })}
        </Tabs>
      </Panel>
    </>
  );
}
