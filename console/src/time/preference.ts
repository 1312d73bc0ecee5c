import { usePreference } from "@/app/preference";
import type { Zone } from "./format";

export interface TimePreference {
  style: "relative" | "absolute";
  zone: Zone;
}

const DEFAULT: TimePreference = { style: "relative", zone: "local" };

export function useTimePreference() {
  return usePreference<TimePreference>("time", DEFAULT);
}
