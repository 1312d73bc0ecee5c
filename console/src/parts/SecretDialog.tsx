import { Button, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";

interface SecretDialogProps {
  title: string;
  secret: string;
  /** How it is used. */
  children?: React.ReactNode;
  onClose: () => void;
}

/** Shows a secret the only time that it can be seen. It closes by its button alone, so that no stray click loses it. */
export function SecretDialog({ title, secret, children, onClose }: SecretDialogProps) {
  const clipboard = useClipboard({ timeout: 2_000 });
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Text size="sm">
          Copy it now: it is shown this once. Taskward keeps only its hash, so nobody can show it again.
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Code block flex={1} style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }} aria-label="Secret">
            {secret}
          </Code>
          <Button
            data-autofocus
            variant={clipboard.copied ? "light" : "filled"}
            leftSection={clipboard.copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            onClick={() => clipboard.copy(secret)}
          >
            {clipboard.copied ? "Copied" : "Copy"}
          </Button>
        </Group>
        {children}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            I have it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
