import {
  IconCircle,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleMinus,
  IconCircleXFilled,
  IconClockHour4,
  IconHandStop,
  IconLock,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
} from "@tabler/icons-react";
import type { State } from "@/api/types";
import { stateColor } from "./states";

const ICONS = {
  scheduled: IconClockHour4,
  blocked: IconLock,
  queued: IconCircle,
  paused: IconPlayerPauseFilled,
  running: IconPlayerPlayFilled,
  canceling: IconHandStop,
  completed: IconCircleCheckFilled,
  failed: IconCircleXFilled,
  canceled: IconCircleMinus,
  skipped: IconCircleDashed,
};

/** The sign of a state, in its colour: told apart by shape too. */
export function StateIcon({ state, size = 15 }: { state: State; size?: number }) {
  const Icon = ICONS[state];
  return <Icon size={size} color={stateColor(state)} aria-hidden style={{ flex: "none" }} />;
}
