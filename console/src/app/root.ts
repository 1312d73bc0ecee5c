import { createRootRoute } from "@tanstack/react-router";
import { NotFound } from "@/parts/PageStates";
import { Shell } from "./Shell";

/** The frame around every page; pages name it as their parent. */
export const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });
