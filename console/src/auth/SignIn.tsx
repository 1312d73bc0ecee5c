import { Alert, Button, Paper, PasswordInput, SegmentedControl, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Brand } from "@/app/Brand";
import classes from "./SignIn.module.css";
import { signIn } from "./session";

type Way = "user" | "token";

/** Shown in the place of any page to whom the server does not know; the address stays, so the page follows. */
export function SignIn() {
  const [way, setWay] = useState<Way>("user");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const entering = useMutation({ mutationFn: signIn });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate(way === "user" ? { user, password } : { token: token.trim() });
  };
  return (
    <main className={classes.page}>
      <Paper component="form" onSubmit={submit} className={classes.form} withBorder>
        <Stack>
          <Brand />
          <Title order={1} size="h3">
            Sign in
          </Title>
          <SegmentedControl
            aria-label="Sign in with"
            fullWidth
            value={way}
            onChange={(value) => {
              setWay(value as Way);
              entering.reset();
            }}
            data={[
              { value: "user", label: "User" },
              { value: "token", label: "Token" },
            ]}
          />
          {way === "user" ? (
            <>
              <TextInput
                label="User"
                name="username"
                autoComplete="username"
                required
                data-autofocus
                value={user}
                onChange={(event) => setUser(event.currentTarget.value)}
              />
              <PasswordInput
                label="Password"
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
            </>
          ) : (
            <PasswordInput
              label="Token"
              name="token"
              description="A personal access token. At its first start the server writes one for the administrator into the file admin-token of its data folder."
              required
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
            />
          )}
          {entering.error && (
            <Alert color="red" role="alert">
              <Text size="sm">{entering.error.message}</Text>
            </Alert>
          )}
          <Button type="submit" loading={entering.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </main>
  );
}
