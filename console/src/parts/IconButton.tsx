import { ActionIcon, Tooltip } from "@mantine/core";
import type { ComponentType } from "react";

interface IconButtonProps {
  icon: ComponentType<{ size?: number }>;
  /** What it does, and to what: shown on hover, read aloud. */
  label: string;
  onClick: () => void;
  isBusy?: boolean;
}

/** A quiet button in a row of a table. */
export function IconButton({ icon: Icon, label, onClick, isBusy }: IconButtonProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={onClick} loading={isBusy}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
