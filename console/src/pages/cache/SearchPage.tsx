import { Button, Group } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { fieldErrors } from "@/api/change";
import { useMay } from "@/auth/session";
import { Empty, Forbidden } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { Table } from "@/parts/Table";
import { useAsk } from "./ask";
import { CacheFrame } from "./CacheFrame";
import { DeleteDialog } from "./DeleteDialog";
import { AskedAt, Outcome } from "./Outcome";
import { Failures, KEPT_COLUMNS, SilentSchedulers } from "./parts";
import { copiesInWords, type Findings, type Found, keptIn } from "./results";
import { cacheRoute } from "./route";
import { SearchForm } from "./SearchForm";
import { subjectOf, type WantedSearch, whatOf } from "./wanted";

/** Finds which hosts keep something, by whatever it is known; and clears it. */
export function SearchPage() {
  const search = cacheRoute.useSearch();
  const navigate = useNavigate();
  const mayWrite = useMay("write");
  const ask = useAsk(
    (task) => void navigate({ to: "/cache", search: (known) => ({ ...known, task: String(task.number) }) }),
  );
  const start = (wanted: WantedSearch) => {
    void navigate({ to: "/cache", search: wanted });
    ask.mutate({ operation: "cache.search", args: { what: whatOf(wanted) } });
  };
  if (!mayWrite && !search.task) {
    return (
      <CacheFrame>
        <Forbidden detail="A search is a task, and to submit one needs the right to write." />
      </CacheFrame>
    );
  }
  return (
    <CacheFrame>
      {mayWrite && (
        <Panel>
          <SearchForm
            wanted={search}
            isBusy={ask.isPending}
            error={ask.error}
            errors={fieldErrors(ask.error)}
            onSearch={start}
          />
        </Panel>
      )}
      {search.task && !ask.isPending ? (
        <Outcome<Found> task={search.task} key={search.task}>
          {(found, task) => (
            <Results
              found={found}
              what={(task.args as { what: Record<string, unknown> }).what}
              aside={<AskedAt task={task} />}
            />
          )}
        </Outcome>
      ) : (
        !ask.isPending && (
          <Empty title="Which hosts keep it?">
            Every host of every cluster is asked. Search by the URL that was downloaded, by the id of its task, or by
            the text that names its content.
          </Empty>
        )
      )}
    </CacheFrame>
  );
}

interface ResultsProps {
  found: Found;
  what: Record<string, unknown>;
  aside: React.ReactNode;
}

function Results({ found, what, aside }: ResultsProps) {
  const mayWrite = useMay("write");
  const [doomed, setDoomed] = useState<Findings[]>();
  const holders = found.clusters.flatMap((cluster) => cluster.holders);
  const ask = (clusters: Findings[]) => setDoomed(clusters);
  return (
    <>
      <Group justify="space-between">
        <Group gap="sm">
          <b>{holders.length === 0 ? "No host keeps it" : copiesInWords(holders)}</b>
          {aside}
        </Group>
        {mayWrite && holders.length > 0 && (
          <Button color="red.9" leftSection={<IconTrash size={14} />} onClick={() => ask(found.clusters)}>
            Delete everywhere
          </Button>
        )}
      </Group>
      {found.clusters.map((cluster) => (
        <SilentSchedulers key={cluster.id} cluster={cluster} />
      ))}
      {found.clusters.map((cluster) => (
        <Table
          key={cluster.id}
          label={`Copies in ${cluster.name}`}
          title={cluster.name}
          aside={
            mayWrite &&
            cluster.holders.length > 0 &&
            found.clusters.length > 1 && (
              <Button variant="default" onClick={() => ask([cluster])}>
                Delete in {cluster.name}
              </Button>
            )
          }
          columns={KEPT_COLUMNS}
          rows={keptIn([cluster])}
          rowKey={(kept) => kept.key}
          empty={<Empty title={`None of its ${cluster.asked} hosts keeps it`} />}
        />
      ))}
      {found.clusters.map((cluster) => (
        <Failures key={cluster.id} title={`Hosts of ${cluster.name} that did not say`} failures={cluster.failures} />
      ))}
      {doomed && (
        <DeleteDialog
          operation="cache.delete"
          args={{ what, clusters: doomed.map((cluster) => cluster.id) }}
          subject={subjectOf({ what })}
          clusters={doomed}
          onClose={() => setDoomed(undefined)}
        />
      )}
    </>
  );
}
