import { AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet } from "@tanstack/react-router";
import { UserMenu } from "@/auth/UserMenu";
import { ShortcutHelp } from "@/keys/ShortcutHelp";
import { useKeyboard } from "@/keys/shortcuts";
import { LiveButton } from "@/live/LiveButton";
import { TimeMenu } from "@/time/TimeMenu";
import { Brand } from "./Brand";
import { Navigation } from "./Navigation";
import classes from "./Shell.module.css";
import { ThemeButton } from "./ThemeButton";

/** Header and navigation around a page. */
export function Shell() {
  const [isMenuOpen, menu] = useDisclosure(false);
  useKeyboard();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !isMenuOpen } }}
      padding={0}
      transitionDuration={0}
    >
      <AppShell.Header className={classes.header}>
        <a href="#page" className={classes.skip}>
          Skip to the page
        </a>
        <Group gap="xs" wrap="nowrap">
          <Burger
            opened={isMenuOpen}
            onClick={menu.toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label="Pages"
            aria-expanded={isMenuOpen}
          />
          <Link to="/" className={classes.home}>
            <Brand />
          </Link>
        </Group>
        <Group gap={6} wrap="nowrap">
          <LiveButton />
          <TimeMenu />
          <ThemeButton />
          <UserMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <Navigation onNavigate={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="page" className={classes.main} tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <ShortcutHelp />
    </AppShell>
  );
}
