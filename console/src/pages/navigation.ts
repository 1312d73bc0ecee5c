import {
  IconAdjustmentsHorizontal,
  IconBox,
  IconCalendarTime,
  IconDatabaseSearch,
  IconHistory,
  IconKey,
  IconLayoutDashboard,
  IconListDetails,
  IconServer2,
  IconSitemap,
  IconStack2,
  IconUsers,
} from "@tabler/icons-react";
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
      { to: "/schedules", title: "Schedules", icon: IconCalendarTime, keys: "g s" },
      { to: "/workflows", title: "Workflows", icon: IconSitemap, keys: "g f" },
      { to: "/cache", title: "Cache", icon: IconDatabaseSearch, keys: "g c" },
      { to: "/operations", title: "Operations", icon: IconBox, keys: "g m" },
    ],
  },
  {
    title: "Fleet",
    items: [
      { to: "/workers", title: "Workers", icon: IconServer2, keys: "g w" },
      { to: "/queues", title: "Queues and pools", icon: IconStack2, keys: "g q" },
    ],
  },
  {
    title: "House",
    items: [
      { to: "/settings", title: "Settings", icon: IconAdjustmentsHorizontal, keys: "g e" },
      { to: "/tokens", title: "Tokens", icon: IconKey, keys: "g k" },
      { to: "/people", title: "Users and clients", icon: IconUsers, keys: "g u" },
      { to: "/audit", title: "Audit", icon: IconHistory, keys: "g a" },
    ],
  },
];
