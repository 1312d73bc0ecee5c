import type { components } from "./schema";

type Schemas = components["schemas"];

export type Task = Schemas["TaskView"];
export type TaskError = Schemas["TaskError"];
export type State = Schemas["State"];
export type Progress = Schemas["Progress"];
export type Report = Schemas["Report"];
export type TreeNode = Schemas["TreeNodeView"];
export type LogLine = Schemas["LogView"];
export type Obstacle = Schemas["ObstacleView"];
export type Stats = Schemas["StatsView"];
export type Who = Schemas["WhoView"];
export type Problem = Schemas["Problem"];
/** One event of a stream; its `data` depends on its `kind`. */
export type TaskEvent = Schemas["EventView"];
export type Pool = Schemas["PoolView"];
export type Worker = Schemas["WorkerView"];
export type SeriesPoint = Schemas["SeriesPoint"];
export type WaitingReason = Schemas["WaitingView"];
export type FailureGroup = Schemas["FailureView"];
export type Attempt = Schemas["AttemptView"];
export type BulkPreview = Schemas["BulkPreview"];
export type Queue = Schemas["QueueView"];
export type Schedule = Schemas["ScheduleView"];
export type Operation = Schemas["OperationView"];
export type Module = Schemas["ModuleView"];
export type Setting = Schemas["SettingView"];
export type Credential = Schemas["CredentialView"];
export type Deed = Schemas["DeedView"];
export type Issued = Schemas["Issued"];
export type Workflow = Schemas["WorkflowView"];
export type WorkflowDetail = Schemas["WorkflowDetail"];
export type StepNode = Schemas["StepNode"];
