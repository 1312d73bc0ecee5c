import { Alert, Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";

interface FormDialogProps {
  title: string;
  /** The word on the button that sends it. */
  action: string;
  isBusy: boolean;
  /** Told above the buttons; fields show their own below themselves. */
  error?: Error | null;
  size?: "md" | "lg" | "xl";
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Fields in a dialog. Mounted while it is open. */
export function FormDialog(props: FormDialogProps) {
  return (
    <Modal opened onClose={props.onClose} title={props.title} size={props.size ?? "md"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        <Stack>
          {props.children}
          {props.error && (
            <Alert color="red" role="alert">
              {props.error.message}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={props.isBusy}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
