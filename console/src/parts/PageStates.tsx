import { Button, Loader, Stack, Text, Title } from "@mantine/core";
import { IconInbox, IconLock, IconMapQuestion, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import classes from "./PageStates.module.css";

interface MessageProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
}

function Message({ icon, title, children }: MessageProps) {
  return (
    <Stack className={classes.message} align="center" gap="xs">
      <span className={classes.icon}>{icon}</span>
      <Title order={2}>{title}</Title>
      {children}
    </Stack>
  );
}

/** There is nothing to show, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Message icon={<IconInbox size={28} stroke={1.5} />} title={title}>
      {children && (
        <Text component="div" size="sm" c="var(--faint)" ta="center" maw={440}>
          {children}
        </Text>
      )}
    </Message>
  );
}

/** The first answer is on its way. */
export function Loading() {
  return (
    <div className={classes.message} role="status" aria-label="Loading">
      <Loader size="sm" />
    </div>
  );
}

/** The caller lacks a scope. */
export function Forbidden({ detail }: { detail?: string }) {
  return (
    <Message icon={<IconLock size={28} stroke={1.5} />} title="Not for this account">
      <Text size="sm" c="var(--faint)" ta="center" maw={440}>
        {detail ?? "Whoever has signed in lacks the right to see this."} An administrator can give it.
      </Text>
    </Message>
  );
}

/** There is no such page. */
export function NotFound() {
  return <Message icon={<IconMapQuestion size={28} stroke={1.5} />} title="There is no such page" />;
}

/** Something went wrong: says what, and offers to try again where that can help. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error instanceof ApiError && error.status === 403) {
    return <Forbidden detail={error.message} />;
  }
  const isGone = error instanceof ApiError && (error.status === 404 || error.status === 410);
  const title = error instanceof ApiError ? error.problem.title : "This page went wrong";
  return (
    <Message
      icon={isGone ? <IconMapQuestion size={28} stroke={1.5} /> : <IconPlugConnectedX size={28} stroke={1.5} />}
      title={title}
    >
      <Text size="sm" c="var(--faint)" ta="center" maw={440} role="alert">
        {error instanceof Error ? error.message : String(error)}
      </Text>
      {onRetry && !isGone && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Message>
  );
}

interface ShownQuery<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** What a query is: loading, failed, forbidden, or its answer. An error beside an old answer leaves the answer there. */
export function QueryStates<T>({ query, children }: { query: ShownQuery<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) {
    return children(query.data);
  }
  if (query.isPending) {
    return <Loading />;
  }
  return <Failed error={query.error} onRetry={() => void query.refetch()} />;
}
