import { auditRoute } from "./audit/route";
import { cacheRoutes } from "./cache/route";
import { operationRoute, operationsRoute } from "./operations/route";
import { overviewRoute } from "./overview/route";
import { peopleRoute } from "./people/route";
import { queuesRoute } from "./queues/route";
import { scheduleRoute, schedulesRoute } from "./schedules/route";
import { settingsRoute } from "./settings/route";
import { taskRoute } from "./task/route";
import { tasksRoute } from "./tasks/route";
import { tokensRoute } from "./tokens/route";
import { workerRoute, workersRoute } from "./workers/route";
import { workflowRoute, workflowsRoute } from "./workflows/route";

/** Every page. A page is a folder here: its `route.ts` says where it is, and loads the rest when it is visited. */
export const pageRoutes = [
  overviewRoute,
  tasksRoute,
  taskRoute,
  schedulesRoute,
  scheduleRoute,
  workflowsRoute,
  workflowRoute,
  operationsRoute,
  operationRoute,
  workersRoute,
  workerRoute,
  queuesRoute,
  settingsRoute,
  tokensRoute,
  peopleRoute,
  auditRoute,
  ...cacheRoutes,
] as const;
