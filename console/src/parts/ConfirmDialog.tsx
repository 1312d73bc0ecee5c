import { Alert, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

interface ConfirmDialogProps {
  title: string;
  /** What will happen, and to what. */
  children: ReactNode;
  /** The word on the button that does it. */
  action: string;
  isDangerous?: boolean;
  /** What has to be typed before it can be done. */
  typed?: string;
  isBusy?: boolean;
  /** Nothing to be done with what is shown, as when a preview finds nothing. */
  isDisabled?: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. Mounted while it is open. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const [text, setText] = useState("");
  const isTyped = props.typed === undefined || text === props.typed;
  return (
    <Modal opened onClose={props.onClose} title={props.title} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onConfirm();
        }}
      >
        <Stack>
          <Text component="div" size="sm">
            {props.children}
          </Text>
          {props.typed !== undefined && (
            <TextInput
              data-autofocus
              label={`Type ${props.typed} to confirm`}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          {props.error && (
            <Alert color="red" role="alert">
              {props.error.message}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Keep things as they are
            </Button>
            <Button
              type="submit"
              color={props.isDangerous ? "red.9" : undefined}
              loading={props.isBusy}
              disabled={!isTyped || props.isDisabled}
              data-autofocus={props.typed === undefined || undefined}
            >
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
