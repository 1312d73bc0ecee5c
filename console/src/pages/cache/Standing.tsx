import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useMay } from "@/auth/session";
import { useShortcut } from "@/keys/shortcuts";
import { Empty, QueryStates } from "@/parts/PageStates";
import { useAsk } from "./ask";
import { newestQuery } from "./newest";
import { AskedAt, Outcome } from "./Outcome";

interface StandingProps<R> {
  operation: "cache.list" | "cache.clusters";
  /** What there is to be known, for when nobody has asked yet. */
  question: string;
  explanation: ReactNode;
  /** `asked` says when that was, `again` is the button. */
  children: (result: R, asked: ReactNode, again: ReactNode) => ReactNode;
}

/** What was found when hosts were last asked, and a button that asks them now. */
export function Standing<R>({ operation, question, explanation, children }: StandingProps<R>) {
  const mayWrite = useMay("write");
  const newest = useQuery(newestQuery(operation));
  const ask = useAsk(() => void newest.refetch());
  const start = () => ask.mutate({ operation, args: {} });
  useShortcut("r", "Ask now", start, mayWrite && !ask.isPending);
  const button = mayWrite && (
    <Button variant="default" leftSection={<IconRefresh size={14} />} loading={ask.isPending} onClick={start}>
      Ask now
    </Button>
  );
  return (
    <QueryStates query={newest}>
      {(task) =>
        task === null ? (
          <Empty title={question}>
            {explanation}
            <div style={{ marginTop: 14 }}>{button}</div>
          </Empty>
        ) : (
          <Outcome<R> task={String(task.number)} key={task.id} again={button}>
            {(result, asked) => children(result, <AskedAt task={asked} />, button)}
          </Outcome>
        )
      }
    </QueryStates>
  );
}
