import { Button, Group, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import type { Task, TreeNode } from "@/api/types";
import { count } from "@/parts/numbers";
import { Empty, QueryStates } from "@/parts/PageStates";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateBadge } from "@/states/StateBadge";
import { Elapsed } from "@/time/Elapsed";
import { firstOpen, found, type Row, rowKey, visible } from "./forest";
import classes from "./TreeTab.module.css";
import { type TaskTree, useTaskTree } from "./useTaskTree";

/** What is below a task, as a tree that opens and can be searched. */
export function TreeTab({ task }: { task: Task }) {
  const [text, setText] = useState("");
  const [sought] = useDebouncedValue(text.trim(), 250);
  const { tree, readBelow } = useTaskTree(task, sought);
  return (
    <QueryStates query={tree}>
      {(known) =>
        known.nodes.length === 1 ? (
          <Empty title="Nothing is below this task">Its steps and children appear here as they begin.</Empty>
        ) : (
          <Tree task={task} tree={known} text={text} sought={sought} onText={setText} onReadBelow={readBelow} />
        )
      }
    </QueryStates>
  );
}

const ROW = 34;

interface TreeProps {
  task: Task;
  tree: TaskTree;
  text: string;
  /** The text that is searched for: it follows what is typed. */
  sought: string;
  onText: (text: string) => void;
  onReadBelow: (id: string) => void;
}

function Tree({ task, tree, text, sought, onText, onReadBelow }: TreeProps) {
  const { forest, hits, isPart, searched } = tree;
  const nodeCount = tree.nodes.length;
  const [chosenOpen, setOpen] = useState<ReadonlySet<string>>();
  const [isFailedOnly, setFailedOnly] = useState(false);
  const [activeId, setActiveId] = useState(forest.root.id);
  const navigate = useNavigate();
  const open = chosenOpen ?? firstOpen(forest, nodeCount);
  const rows = useMemo(() => {
    const shown = sought ? found(forest, sought, hits) : visible(forest, open);
    return isFailedOnly ? shown.filter(({ node, isMore }) => !isMore && forest.failedPath.has(node.id)) : shown;
  }, [forest, open, sought, hits, isFailedOnly]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const activeIndex = rows.findIndex((row) => rowKey(row) === activeId);

  const toggle = (id: string) => {
    const next = new Set(open);
    if (forest.frontier.has(id) && !forest.children.has(id)) {
      onReadBelow(id);
      next.add(id);
    } else if (!next.delete(id)) {
      next.add(id);
    }
    setOpen(next);
  };
  const go = (index: number, step: 1 | -1 = -1) => {
    const at = Math.min(Math.max(index, 0), rows.length - 1);
    // The row that reads on is come to by sight, and passed by.
    const row = rows[rows[at]?.isMore ? at + step : at];
    if (row) {
      setActiveId(rowKey(row));
      virtualizer.scrollToIndex(at);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const row = rows[activeIndex];
    switch (event.key) {
      case "ArrowDown":
        go(activeIndex + 1, 1);
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
          go(activeIndex + 1, 1);
        }
        break;
      case "ArrowLeft":
        if (row?.isOpen) {
          toggle(row.node.id);
        } else {
          go(rows.findIndex(({ node, isMore }) => !isMore && node.id === row?.node.parent_id));
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

  const list = (
    <Link to="/tasks" search={{ root: rootOf(task), internal: true, text: sought || undefined }}>
      the list of tasks
    </Link>
  );
  return (
    <>
      <Group gap="sm">
        <TextInput
          className={classes.search}
          aria-label="Search the tree"
          placeholder="Search by name, operation or state"
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
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
          Of this tree a part has been read; opening a node reads what is below it, and scrolling to the end of its
          children reads on. All of its tasks, to be filtered, are in {list}.
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
              row &&
              (row.isMore ? (
                <MoreRow key={rowKey(row)} row={row} top={item.start} onSight={() => onReadBelow(row.node.id)} />
              ) : (
                <TreeRow
                  key={rowKey(row)}
                  row={row}
                  top={item.start}
                  isActive={row.node.id === activeId}
                  isOnFailedPath={forest.failedPath.has(row.node.id)}
                  hidden={forest.hidden.get(row.node.id) ?? 0}
                  onToggle={() => {
                    setActiveId(row.node.id);
                    toggle(row.node.id);
                  }}
                />
              ))
            );
          })}
        </div>
        {rows.length === 0 && <Nothing isPart={isPart} searched={sought ? searched : "read"} list={list} />}
      </div>
    </>
  );
}

/** Says what has been looked through, when nothing of it fits. */
function Nothing({ isPart, searched, list }: { isPart: boolean; searched: TaskTree["searched"]; list: ReactNode }) {
  if (!isPart) {
    return <Empty title="Nothing in this tree fits" />;
  }
  if (searched === "pending") {
    return <Empty title="Nothing of what has been read fits">The rest of the tree is being searched.</Empty>;
  }
  return searched === "all" ? (
    <Empty title="No task of this tree fits">
      Steps that have ended are searched where they have been read. See also {list}.
    </Empty>
  ) : (
    <Empty title="Nothing of what has been read fits">There may be more in {list}.</Empty>
  );
}

/** Stands for the children of a node that have not been read, and reads on when it comes in sight. */
function MoreRow({ row, top, onSight }: { row: Row; top: number; onSight: () => void }) {
  const seen = useEffectEvent(onSight);
  // After each change of the tree: a part that has come may have another behind it.
  useEffect(() => seen());
  return (
    <div
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-selected={false}
      className={classes.row}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + row.depth * 18 }}
    >
      <span className={classes.chevron} />
      <span className={classes.more}>Reading on…</span>
    </div>
  );
}

/** The root of the tree as the list of tasks takes it: a number where it is known. */
function rootOf(task: Task): string {
  return task.parent_id === null ? String(task.number) : task.root_id;
}

interface TreeRowProps {
  row: Row;
  top: number;
  isActive: boolean;
  isOnFailedPath: boolean;
  hidden: number;
  onToggle: () => void;
}

function TreeRow({ row: { node, depth, isOpen }, top, isActive, isOnFailedPath, hidden, onToggle }: TreeRowProps) {
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
      <NodeName node={node} hidden={hidden} />
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

function NodeName({ node, hidden }: { node: TreeNode; hidden: number }) {
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
      {hidden > 0 && <span className={classes.note}>+ {count(hidden)} not shown</span>}
    </span>
  );
}
