import type { ReactNode } from "react";
import { Panel } from "./Panel";
import classes from "./Table.module.css";

export interface TableColumn<R> {
  key: string;
  title: string;
  isNumber?: boolean;
  /** Left out on a phone. */
  isWide?: boolean;
  /** Takes the room that the others leave, and cuts what is too long. */
  grows?: boolean;
  render: (row: R) => ReactNode;
}

interface TableProps<R> {
  /** What the rows are; the title of the panel around them when there is one. */
  label: string;
  title?: string;
  aside?: ReactNode;
  columns: TableColumn<R>[];
  rows: R[];
  rowKey: (row: R) => string;
  /** Buttons at the end of a row. */
  actions?: (row: R) => ReactNode;
  /** Shown where there are no rows. */
  empty: ReactNode;
}

/** A table of a few hundred rows at most, on a panel of its own; longer ones are virtual. */
export function Table<R>({ label, title, aside, columns, rows, rowKey, actions, empty }: TableProps<R>) {
  return (
    <Panel title={title} aside={aside} isFlush className={classes.panel}>
      {rows.length === 0 ? (
        empty
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the arrow keys
        <div className={classes.scroller} tabIndex={0} role="region" aria-label={`${label}, scrollable`}>
          <table className={classes.table} aria-label={label}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.key} scope="col" {...marks(column)}>
                    {column.title}
                  </th>
                ))}
                {actions && (
                  <th scope="col" data-actions>
                    <span className={classes.hidden}>Actions</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={rowKey(row)}>
                  {columns.map((column) => (
                    <td key={column.key} {...marks(column)}>
                      {column.grows ? <div className={classes.cut}>{column.render(row)}</div> : column.render(row)}
                    </td>
                  ))}
                  {actions && (
                    <td data-actions>
                      <span className={classes.actions}>{actions(row)}</span>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function marks<R>(column: TableColumn<R>) {
  return {
    "data-number": column.isNumber || undefined,
    "data-wide": column.isWide || undefined,
    "data-grows": column.grows || undefined,
  };
}
