import { notifications } from "@mantine/notifications";

const CLOSE = { "aria-label": "Dismiss" };

/** Says that something was done. */
export function toastDone(message: string): void {
  notifications.show({ message, color: "green", autoClose: 4_000, closeButtonProps: CLOSE });
}

/** Says that something could not be done, and why. */
export function toastFailed(title: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  notifications.show({ title, message, color: "red", autoClose: 8_000, role: "alert", closeButtonProps: CLOSE });
}
