import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "@/parts/Page";
import classes from "./CacheFrame.module.css";

const PARTS = [
  { to: "/cache", title: "Search" },
  { to: "/cache/images", title: "Images" },
  { to: "/cache/kept", title: "What is kept" },
  { to: "/cache/clusters", title: "Clusters" },
  { to: "/cache/executions", title: "Executions" },
] as const;

interface CacheFrameProps {
  actions?: ReactNode;
  fills?: boolean;
  children: ReactNode;
}

/** The frame of the pages about caches: one title, and the way from one to the next. */
export function CacheFrame({ actions, fills, children }: CacheFrameProps) {
  return (
    <Page title="Cache" actions={actions} fills={fills}>
      <nav aria-label="Pages about caches" className={classes.parts}>
        {PARTS.map(({ to, title }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === "/cache", includeSearch: false }}
            activeProps={{ "aria-current": "page" }}
            className={classes.part}
          >
            {title}
          </Link>
        ))}
      </nav>
      {children}
    </Page>
  );
}
