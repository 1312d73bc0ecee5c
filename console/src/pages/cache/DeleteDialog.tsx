import { useNavigate } from "@tanstack/react-router";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { useAsk } from "./ask";
import classes from "./DeleteDialog.module.css";
import { copiesInWords, type Findings } from "./results";

interface DeleteDialogProps {
  operation: "cache.delete" | "cache.delete-image";
  args: Record<string, unknown>;
  /** What is deleted, as people know it. */
  subject: string;
  clusters: readonly Findings[];
  onClose: () => void;
}

/** Asks, with a word to type, before copies are deleted; then shows the execution. */
export function DeleteDialog({ operation, args, subject, clusters, onClose }: DeleteDialogProps) {
  const navigate = useNavigate();
  const ask = useAsk((task) => void navigate({ to: "/cache/executions/$task", params: { task: String(task.number) } }));
  return (
    <ConfirmDialog
      title="Delete these copies"
      action="Delete them"
      isDangerous
      typed="delete"
      isBusy={ask.isPending}
      error={ask.error}
      onConfirm={() => ask.mutate({ operation, args })}
      onClose={onClose}
    >
      <p className={classes.subject}>{subject}</p>
      <ul className={classes.clusters}>
        {clusters.map((cluster) => (
          <li key={cluster.id}>
            <b>{cluster.name}</b>: {copiesInWords(cluster.holders)}
          </li>
        ))}
      </ul>
      Every host is asked again, and whatever it keeps of this then is deleted. Whoever needs it next downloads it from
      its origin.
    </ConfirmDialog>
  );
}
