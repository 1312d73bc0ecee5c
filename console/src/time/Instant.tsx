import { absolute, relative } from "./format";
import { useNow } from "./now";
import { useTimePreference } from "./preference";

/** An instant, said the way the reader has chosen; both ways on hover. */
export function Instant({ at, missing = "–" }: { at: string | null | undefined; missing?: string }) {
  const [{ style, zone }] = useTimePreference();
  if (!at) {
    return <span>{missing}</span>;
  }
  const instantMs = Date.parse(at);
  const exact = absolute(instantMs, zone);
  return (
    <time dateTime={at} title={`${exact} ${zone === "UTC" ? "UTC" : ""}`.trim()}>
      {style === "absolute" ? exact : <Relative instantMs={instantMs} />}
    </time>
  );
}

function Relative({ instantMs }: { instantMs: number }) {
  return relative(instantMs, useNow());
}
