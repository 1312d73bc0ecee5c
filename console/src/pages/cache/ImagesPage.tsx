import { Alert, Button, Group, PasswordInput, Stack, TextInput } from "@mantine/core";
import { IconSearch, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { fieldErrors } from "@/api/change";
import { useMay } from "@/auth/session";
import { Facts } from "@/parts/Facts";
import { bytes } from "@/parts/numbers";
import { Empty, Forbidden } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { Table, type TableColumn } from "@/parts/Table";
import { useAsk } from "./ask";
import { CacheFrame } from "./CacheFrame";
import { DeleteDialog } from "./DeleteDialog";
import { AskedAt, Outcome } from "./Outcome";
import { Percent } from "./Percent";
import { ContentId, Failures, HostName } from "./parts";
import { type Distribution, plural, type Share } from "./results";
import { imagesRoute } from "./route";

/** What an image's registry may want to know; it is kept in this page alone. */
interface Login {
  username: string;
  password: string;
}

/** Where the blobs of an image are, host by host; and clears them. */
export function ImagesPage() {
  const search = imagesRoute.useSearch();
  const navigate = useNavigate();
  const mayWrite = useMay("write");
  const [url, setUrl] = useState(search.url ?? "");
  const [platform, setPlatform] = useState(search.platform ?? "");
  const [login, setLogin] = useState<Login>({ username: "", password: "" });
  const ask = useAsk(
    (task) => void navigate({ to: "/cache/images", search: (known) => ({ ...known, task: String(task.number) }) }),
  );
  const image = {
    url,
    ...(platform ? { platform } : {}),
    ...(login.username ? { username: login.username, password: login.password } : {}),
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: "/cache/images", search: { url, platform: platform || undefined } });
    ask.mutate({ operation: "cache.image", args: { image } });
  };
  const errors = fieldErrors(ask.error);
  if (!mayWrite && !search.task) {
    return (
      <CacheFrame>
        <Forbidden detail="To look for an image is a task, and to submit one needs the right to write." />
      </CacheFrame>
    );
  }
  return (
    <CacheFrame>
      {mayWrite && (
        <Panel>
          <form onSubmit={onSubmit} aria-label="Search an image">
            <Stack gap="sm">
              <TextInput
                label="URL of the image's manifest"
                placeholder="https://registry.example.org/v2/team/app/manifests/1.0"
                required
                value={url}
                error={errors["args/image"] ?? errors["args/image/url"]}
                onChange={(event) => setUrl(event.currentTarget.value)}
              />
              <Group grow align="start" preventGrowOverflow={false}>
                <TextInput
                  label="Platform"
                  placeholder="linux/amd64"
                  value={platform}
                  error={errors["args/image/platform"]}
                  onChange={(event) => setPlatform(event.currentTarget.value)}
                />
                <TextInput
                  label="User"
                  description="Where the registry asks for one"
                  inputWrapperOrder={["label", "input", "description", "error"]}
                  autoComplete="off"
                  value={login.username}
                  onChange={(event) => setLogin({ ...login, username: event.currentTarget.value })}
                />
                <PasswordInput
                  label="Password"
                  autoComplete="new-password"
                  value={login.password}
                  onChange={(event) => setLogin({ ...login, password: event.currentTarget.value })}
                />
              </Group>
              {ask.error && Object.keys(errors).length === 0 && (
                <Alert color="red" role="alert">
                  {ask.error.message}
                </Alert>
              )}
              <Group justify="flex-end">
                <Button type="submit" loading={ask.isPending} leftSection={<IconSearch size={14} />}>
                  Search
                </Button>
              </Group>
            </Stack>
          </form>
        </Panel>
      )}
      {search.task && !ask.isPending ? (
        <Outcome<Distribution> task={search.task} key={search.task}>
          {(found, task) => <Blobs found={found} login={login} aside={<AskedAt task={task} />} />}
        </Outcome>
      ) : (
        !ask.isPending && (
          <Empty title="How far has an image spread?">
            Its registry is asked for the manifest, and every host for every blob in it.
          </Empty>
        )
      )}
    </CacheFrame>
  );
}

interface BlobsProps {
  found: Distribution;
  login: Login;
  aside: React.ReactNode;
}

function Blobs({ found, login, aside }: BlobsProps) {
  const mayWrite = useMay("write");
  const [isDeleting, setDeleting] = useState(false);
  const { image } = found;
  const size = image.blobs.reduce((sum, blob) => sum + blob.size, 0);
  const names = new Map(found.clusters.map((cluster) => [cluster.id, cluster.name]));
  const columns: TableColumn<Share>[] = [
    { key: "host", title: "Host", grows: true, render: (share) => <HostName host={share.host} /> },
    { key: "cluster", title: "Cluster", isWide: true, render: (share) => names.get(share.cluster_id) },
    { key: "percent", title: "Kept", render: (share) => <Percent percent={share.percent} /> },
    {
      key: "whole",
      title: "Whole",
      isNumber: true,
      isWide: true,
      render: (share) => `${share.finished.length} of ${image.blobs.length}`,
    },
    { key: "partial", title: "In part", isNumber: true, isWide: true, render: (share) => share.partial.length },
  ];
  return (
    <>
      <Panel
        title="The image"
        aside={
          mayWrite &&
          found.hosts.length > 0 && (
            <Button color="red.9" leftSection={<IconTrash size={14} />} onClick={() => setDeleting(true)}>
              Delete everywhere
            </Button>
          )
        }
      >
        <Facts
          facts={[
            ["Manifest", <ContentId key="digest" id={image.digest.replace(/^sha256:/, "")} />],
            ["Platform", image.platform],
            ["Blobs", `${plural(image.blobs.length, "blob")}, ${bytes(size)}`],
            [
              "Hosts with some of it",
              `${found.hosts.length} of ${found.clusters.reduce((n, one) => n + one.asked, 0)}`,
            ],
            ["Search", aside],
          ]}
        />
      </Panel>
      <Table
        label="Distribution of the image"
        title="Distribution"
        columns={columns}
        rows={[...found.hosts].sort((one, other) => other.percent - one.percent)}
        rowKey={(share) => `${share.cluster_id} ${share.host.id}`}
        empty={<Empty title="No host keeps any of its blobs" />}
      />
      {found.clusters.map((cluster) => (
        <Failures key={cluster.id} title={`Hosts of ${cluster.name} that did not say`} failures={cluster.failures} />
      ))}
      {isDeleting && (
        <DeleteDialog
          operation="cache.delete-image"
          args={{
            image: {
              url: image.url,
              platform: image.platform,
              ...(login.username ? { username: login.username, password: login.password } : {}),
            },
          }}
          subject={image.url}
          clusters={found.clusters}
          onClose={() => setDeleting(false)}
        />
      )}
    </>
  );
}
