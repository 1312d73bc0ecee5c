import { Button, Tooltip } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useShortcut } from "@/keys/shortcuts";
import { useConnection, useEvents } from "./hooks";
import classes from "./LiveButton.module.css";
import { liveStream } from "./stream";

const WORDS = { live: "Live", connecting: "Connecting", paused: "Paused" };

function nothing(): void {}

/** Says whether the page follows events, and stops and starts that. */
export function LiveButton() {
  const connection = useConnection();
  // Followed on every page, so that going from one to the next breaks nothing off.
  useEvents(nothing, nothing);
  const isPaused = connection === "paused";
  const toggle = () => (isPaused ? liveStream.resume() : liveStream.pause());
  useShortcut("p", "Pause or resume live updates", toggle);
  const action = isPaused ? "Resume live updates" : "Pause live updates";
  return (
    <Tooltip label={`${action} (p)`}>
      <Button
        className={classes.button}
        variant="default"
        size="xs"
        onClick={toggle}
        aria-label={`${WORDS[connection]}: ${action}`}
        leftSection={<span className={classes.dot} data-connection={connection} />}
        rightSection={isPaused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
      >
        <span className={classes.word}>{WORDS[connection]}</span>
      </Button>
    </Tooltip>
  );
}
