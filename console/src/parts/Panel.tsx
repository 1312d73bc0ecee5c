import { Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Panel.module.css";

interface PanelProps {
  title?: string;
  /** At the right of the title. */
  aside?: ReactNode;
  /** The content reaches the border, as tables do. */
  isFlush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A part of a page, on a surface of its own. */
export function Panel({ title, aside, isFlush = false, className, children }: PanelProps) {
  return (
    <section className={`${classes.panel} ${className ?? ""}`} aria-label={title} data-flush={isFlush || undefined}>
      {title && (
        <Group className={classes.head} justify="space-between" wrap="nowrap" gap="sm">
          <Title order={2}>{title}</Title>
          {aside}
        </Group>
      )}
      <div className={classes.body}>{children}</div>
    </section>
  );
}
