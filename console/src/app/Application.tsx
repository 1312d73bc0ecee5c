import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { queryClient } from "@/api/queries";
import { SignIn } from "@/auth/SignIn";
import { useSession } from "@/auth/session";
import { Failed, Loading } from "@/parts/PageStates";
import { nonce } from "./nonce";
import { router } from "./router";
import { theme } from "./theme";

/** Everything a page can count on, around the pages. */
export function Application() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" />
        <Gate />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Gate() {
  const session = useSession();
  if (session.isPending) {
    return <Loading />;
  }
  // Somebody who was known stays so while the server is away.
  if (session.data === undefined) {
    return <Failed error={session.error} onRetry={() => void session.refetch()} />;
  }
  return session.data ? <RouterProvider router={router} /> : <SignIn />;
}
