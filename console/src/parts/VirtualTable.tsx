import { Loader } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useShortcut } from "@/keys/shortcuts";
import classes from "./VirtualTable.module.css";

export interface Column<R> {
  key: string;
  title: string;
  /** A track of a CSS grid: `120px`, `minmax(200px, 2fr)`. */
  width: string;
  isNumber?: boolean;
  /** Left out on a phone. */
  isWide?: boolean;
  render: (row: R) => ReactNode;
}

export interface Selection {
  keys: ReadonlySet<string>;
  onChange: (keys: ReadonlySet<string>) => void;
}

interface VirtualTableProps<R> {
  label: string;
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R) => string;
  /** What to call a row when it is spoken of. */
  rowName: (row: R) => string;
  hasMore?: boolean;
  isLoadingMore?: boolean;
  onMore?: () => void;
  onOpen?: (row: R) => void;
  selection?: Selection;
  /** Shown where there are no rows. */
  empty: ReactNode;
  /** Whether the first row is in sight. */
  onTop?: (isAtTop: boolean) => void;
}

export const ROW_HEIGHT = 40;
const WIDE = "(min-width: 48em)";

/**
 * A table of any length: only the rows in sight exist. Its last rows ask for more. It fills the height it is given.
 *
 * Keys: j and k move, Enter opens, x selects.
 */
export function VirtualTable<R>(props: VirtualTableProps<R>) {
  const { rows, rowKey, selection, hasMore = false, onMore, onTop } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [activeIndex, setActiveIndex] = useState(-1);
  const isWide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false });
  const columns = useMemo(
    () => (isWide ? props.columns : props.columns.filter((column) => !column.isWide)),
    [props.columns, isWide],
  );
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();

  const lastShown = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (hasMore && lastShown >= rows.length - 20) {
      onMore?.();
    }
  }, [hasMore, lastShown, rows.length, onMore]);

  const move = (step: number) => {
    const next = Math.min(Math.max(activeIndex + step, 0), rows.length - 1);
    setActiveIndex(next);
    virtualizer.scrollToIndex(next);
  };
  const active = rows[activeIndex];
  useShortcut("j", "Next row", () => move(1));
  useShortcut("k", "Previous row", () => move(-1));
  useShortcut("Enter", "Open the row", () => active && props.onOpen?.(active), active !== undefined);
  // A row keeps the handler that it was first drawn with, so what is selected now is looked up when it is called.
  const newest = useRef(selection);
  useEffect(() => {
    newest.current = selection;
  }, [selection]);
  const toggle = (key: string) => {
    const keys = new Set(newest.current?.keys);
    if (!keys.delete(key)) {
      keys.add(key);
    }
    newest.current?.onChange(keys);
  };
  useShortcut("x", "Select the row", () => active && toggle(rowKey(active)), selection !== undefined);

  const tracks = [selection ? "36px" : "", ...columns.map((column) => column.width)].filter(Boolean).join(" ");
  const chosenCount = selection ? rows.filter((row) => selection.keys.has(rowKey(row))).length : 0;
  return (
    <div
      className={classes.scroller}
      data-scroller
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the arrow keys
      tabIndex={0}
      role="region"
      aria-label={`${props.label}, scrollable`}
      onScroll={(event) => onTop?.(event.currentTarget.scrollTop < ROW_HEIGHT)}
    >
      <div
        role="table"
        aria-label={props.label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
        className={classes.table}
      >
        <div role="rowgroup" className={classes.head}>
          <div role="row" className={classes.row} style={{ gridTemplateColumns: tracks }}>
            {selection && (
              <span role="columnheader" className={classes.cell}>
                <input
                  type="checkbox"
                  aria-label="Select all loaded rows"
                  checked={chosenCount > 0 && chosenCount === rows.length}
                  ref={(box) => {
                    if (box) {
                      box.indeterminate = chosenCount > 0 && chosenCount < rows.length;
                    }
                  }}
                  onChange={(event) =>
                    selection.onChange(new Set(event.currentTarget.checked ? rows.map((row) => rowKey(row)) : []))
                  }
                />
              </span>
            )}
            {columns.map((column) => (
              <span
                key={column.key}
                role="columnheader"
                className={classes.cell}
                data-number={column.isNumber || undefined}
              >
                {column.title}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) {
              return null;
            }
            const key = rowKey(row);
            return (
              <TableRow
                key={key}
                row={row}
                index={item.index}
                top={item.start}
                columns={columns}
                tracks={tracks}
                isActive={item.index === activeIndex}
                isChosen={selection?.keys.has(key) ?? false}
                selectLabel={selection && `Select ${props.rowName(row)}`}
                onSelect={() => toggle(key)}
              />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && !props.isLoadingMore && props.empty}
      <div className={classes.more} role="status" aria-label={props.isLoadingMore ? "Loading more" : undefined}>
        {props.isLoadingMore && <Loader size="xs" />}
      </div>
    </div>
  );
}

interface TableRowProps<R> {
  row: R;
  index: number;
  top: number;
  columns: Column<R>[];
  tracks: string;
  isActive: boolean;
  isChosen: boolean;
  /** Undefined where rows cannot be selected. */
  selectLabel: string | undefined;
  onSelect: () => void;
}

/** Drawn anew only when something of it has changed: a list may get hundreds of events a second. */
const TableRow = memo(PlainRow, (before, after) =>
  (["row", "index", "top", "columns", "tracks", "isActive", "isChosen", "selectLabel"] as const).every(
    (name) => before[name] === after[name],
  ),
) as typeof PlainRow;

function PlainRow<R>({
  row,
  index,
  top,
  columns,
  tracks,
  isActive,
  isChosen,
  selectLabel,
  onSelect,
}: TableRowProps<R>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes.row}
      data-active={isActive || undefined}
      data-chosen={isChosen || undefined}
      style={{ gridTemplateColumns: tracks, transform: `translateY(${top}px)` }}
    >
      {selectLabel && (
        <span role="cell" className={classes.cell}>
          <input type="checkbox" aria-label={selectLabel} checked={isChosen} onChange={onSelect} />
        </span>
      )}
      {columns.map((column) => (
        <span key={column.key} role="cell" className={classes.cell} data-number={column.isNumber || undefined}>
          {column.render(row)}
        </span>
      ))}
    </div>
  );
}
