import { Page } from "@/parts/Page";
import { Clients } from "./Clients";
import { Users } from "./Users";

/** Who may sign in, and who has tasks of their own. */
export function PeoplePage() {
  return (
    <Page title="Users and clients">
      <Users />
      <Clients />
    </Page>
  );
}
