import { overviewRoute } from "./overview/route";
import { taskRoute } from "./task/route";
import { tasksRoute } from "./tasks/route";

/** Every page. A page is a folder here: its `route.ts` says where it is, and loads the rest when it is visited. */
export const pageRoutes = [overviewRoute, tasksRoute, taskRoute] as const;
