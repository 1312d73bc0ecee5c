import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { readAgainAfterFirst } from "./firstRead";

const KEY = ["job", "1"];

function watched() {
  const client = new QueryClient();
  const answers: ((value: string) => void)[] = [];
  const observer = new QueryObserver(client, {
    queryKey: KEY,
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const leave = observer.subscribe(() => undefined);
  return { client, answers, leave };
}

it("reads again what was heard of while it was read for the first time", async () => {
  const { client, answers, leave } = watched();
  const again = readAgainAfterFirst(client, KEY);
  answers[0]?.("running");
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.("completed");
  await again;
  expect(client.getQueryData(KEY)).toBe("completed");
  leave();
});

it("leaves alone what is there", async () => {
  const { client, answers, leave } = watched();
  answers[0]?.("running");
  await expect.poll(() => client.getQueryData(KEY)).toBe("running");
  await readAgainAfterFirst(client, KEY);
  expect(answers.length).toBe(1);
  leave();
});
