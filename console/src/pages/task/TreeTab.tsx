import { Button, Group, Switch, Text, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useDeferredValue, useMemo, useRef, useState } from "react";
import type { Task, TreeNode } from "@/api/types";
import { count } from "@/parts/numbers";
import { Empty, QueryStates } from "@/parts/PageStates";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateBadge } from "@/states/StateBadge";
import { Elapsed } from "@/time/Elapsed";
import { type Forest, firstOpen, found, type Row, visible } from "./forest";
import classes from "./TreeTab.module.css";
import { useTaskTree } from "./useTaskTree";

/** What is below a task, as a tree that opens and can be searched. */
export function TreeTab({ task }: { task: Task }) {
  const { tree, readBelow } = useTaskTree(task);
  return (
    <QueryStates query={tree}>
      {({ nodes, forest, isPart }) =>
        nodes.length === 1 ? (
          <Empty title="Nothing is below this task">Its steps and children appear here as they begin.</Empty>
        ) : (
          <Tree task={task} forest={forest} nodeCount={nodes.length} isPart={isPart} onReadBelow={readBelow} />
        )
      }
    </QueryStates>
  );
}

const ROW = 34;

interface TreeProps {
  task: Task;
  forest: Forest;
  nodeCount: number;
  isPart: boolean;
  onReadBelow: (id: string) => void;
}

function Tree({ task, forest, nodeCount, isPart, onReadBelow }: TreeProps) {
  const [chosenOpen, setOpen] = useState<ReadonlySet<string>>();
  const [text, setText] = useState("");
  const [isFailedOnly, setFailedOnly] = useState(false);
  const [activeId, setActiveId] = useState(forest.root.id);
  const navigate = useNavigate();
  const sought = useDeferredValue(text.trim());
  const open = chosenOpen ?? firstOpen(forest, nodeCount);
  const rows = useMemo(() => {
    const walked = sought ? found(forest, sought) : visible(forest, open);
    return isFailedOnly ? walked.filter(({ node }) => forest.failedPath.has(node.id)) : walked;
  }, [forest, open, sought, isFailedOnly]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const activeIndex = rows.findIndex(({ node }) => node.id === activeId);

  const toggle = (id: string) => {
    const next = new Set(open);
    if (forest.frontier.has(id)) {
      onReadBelow(id);
      next.add(id);
    } else if (!next.delete(id)) {
      next.add(id);
    }
    setOpen(next);
  };
  const go = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row) {
      setActiveId(row.node.id);
      virtualizer.scrollToIndex(rows.indexOf(row));
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const row = rows[activeIndex];
    switch (event.key) {
      case "ArrowDown":
        go(activeIndex + 1);
        break;
      case "ArrowUp":
        go(activeIndex - 1);
        break;
      case "Home":
        go(0);
        break;
      case "End":
        go(rows.length - 1);
        break;
      case "ArrowRight":
        if (row?.isOpen === false) {
          toggle(row.node.id);
        } else {
          go(activeIndex + 1);
        }
        break;
      case "ArrowLeft":
        if (row?.isOpen) {
          toggle(row.node.id);
        } else {
          go(rows.findIndex(({ node }) => node.id === row?.node.parent_id));
        }
        break;
      case "Enter":
        if (row && !row.node.folded) {
          void navigate({ to: "/tasks/$task", params: { task: row.node.id } });
        }
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  return (
    <>
      <Group gap="sm">
        <TextInput
          className={classes.search}
          aria-label="Search the tree"
          placeholder="Search by name, operation or state"
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {forest.failedPath.size > 0 && (
          <Switch
            size="xs"
            label="Only what failed"
            checked={isFailedOnly}
            onChange={(event) => setFailedOnly(event.currentTarget.checked)}
          />
        )}
        <Button variant="default" onClick={() => setOpen(new Set(forest.children.keys()))}>
          Open all
        </Button>
        <Button variant="default" onClick={() => setOpen(new Set([forest.root.id]))}>
          Close all
        </Button>
        <Text size="sm" c="var(--faint)">
          {count(nodeCount)} nodes{isPart && " read"}
        </Text>
      </Group>
      {isPart && (
        <Text size="sm" c="var(--faint)">
          Of this tree a part has been read; opening a node reads what is below it. All of it, to be searched and
          filtered, is in{" "}
          <Link to="/tasks" search={{ root: String(task.number), internal: true, text: sought || undefined }}>
            the list of tasks
          </Link>
          .
        </Text>
      )}
      <div
        className={classes.scroller}
        ref={scroller}
        role="tree"
        aria-label="Tree of the task"
        tabIndex={0}
        onKeyDown={onKey}
        aria-activedescendant={activeIndex >= 0 ? `node-${activeId}` : undefined}
      >
        <div style={{ position: "relative", height: virtualizer.getTotalSize() }} role="presentation">
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <TreeRow
                  key={row.node.id}
                  row={row}
                  top={item.start}
                  isActive={row.node.id === activeId}
                  isOnFailedPath={forest.failedPath.has(row.node.id)}
                  onToggle={() => {
                    setActiveId(row.node.id);
                    toggle(row.node.id);
                  }}
                />
              )
            );
          })}
        </div>
        {rows.length === 0 && <Empty title="Nothing in this tree fits" />}
      </div>
    </>
  );
}

interface TreeRowProps {
  row: Row;
  top: number;
  isActive: boolean;
  isOnFailedPath: boolean;
  onToggle: () => void;
}

function TreeRow({ row: { node, depth, isOpen }, top, isActive, isOnFailedPath, onToggle }: TreeRowProps) {
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <div
      id={`node-${node.id}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-expanded={isOpen ?? undefined}
      aria-selected={isActive}
      className={classes.row}
      data-failed={isOnFailedPath || undefined}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + depth * 18 }}
    >
      {isOpen === null ? (
        <span className={classes.chevron} />
      ) : (
        <button type="button" tabIndex={-1} className={classes.chevron} onClick={onToggle} aria-label="Open or close">
          <Chevron size={15} />
        </button>
      )}
      <NodeName node={node} />
      <span className={classes.state}>
        <StateBadge state={node.state} />
      </span>
      <span className={classes.progress}>
        <ProgressBar progress={node.progress} state={node.state} />
      </span>
      <span className={classes.time}>
        <Elapsed from={node.started_at} to={node.finished_at} />
      </span>
    </div>
  );
}

function NodeName({ node }: { node: TreeNode }) {
  const forgotten = Object.values(node.dropped ?? {}).reduce((sum, number) => sum + number, 0);
  const title = node.error ? `${node.error.type}: ${node.error.message}` : node.name;
  return (
    <span className={classes.name} title={title}>
      {node.folded ? (
        <span>{node.name}</span>
      ) : (
        <Link to="/tasks/$task" params={{ task: node.id }} tabIndex={-1}>
          {node.name}
        </Link>
      )}
      {node.error && <span className={classes.error}>{node.error.message}</span>}
      {forgotten > 0 && <span className={classes.note}>+ {count(forgotten)} folded</span>}
    </span>
  );
}
