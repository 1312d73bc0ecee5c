import { Group, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import classes from "./Page.module.css";

interface PageProps {
  title: string;
  /** Beside the title, when more than its words are to be seen. */
  heading?: ReactNode;
  actions?: ReactNode;
  /** The page takes the window's height and scrolls inside, as lists do. */
  fills?: boolean;
  children: ReactNode;
}

/** The frame of a page: its title, its actions, its content. */
export function Page({ title, heading, actions, fills = false, children }: PageProps) {
  useDocumentTitle(`${title} · Taskward`);
  return (
    <div className={classes.page} data-fills={fills || undefined}>
      <Group className={classes.head} justify="space-between" gap="sm">
        {heading ?? <Title order={1}>{title}</Title>}
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}
