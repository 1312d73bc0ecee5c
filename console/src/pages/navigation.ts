import { IconLayoutDashboard, IconListDetails } from "@tabler/icons-react";
import type { LinkProps } from "@tanstack/react-router";
import type { ComponentType } from "react";

export interface NavigationItem {
  to: NonNullable<LinkProps["to"]>;
  title: string;
  icon: ComponentType<{ size?: number; stroke?: number }>;
  /** The shortcut that leads there. */
  keys: string;
}

/** The pages that the navigation shows, by section. */
export const sections: { title: string; items: NavigationItem[] }[] = [
  {
    title: "Work",
    items: [
      { to: "/", title: "Overview", icon: IconLayoutDashboard, keys: "g o" },
      { to: "/tasks", title: "Tasks", icon: IconListDetails, keys: "g t" },
    ],
  },
];
