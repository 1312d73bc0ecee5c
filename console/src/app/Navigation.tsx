import { NavLink } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useShortcut } from "@/keys/shortcuts";
import { type NavigationItem, sections } from "@/pages/navigation";
import classes from "./Navigation.module.css";

/** The pages by section. */
export function Navigation({ onNavigate }: { onNavigate: () => void }) {
  return (
    <nav aria-label="Pages" className={classes.navigation}>
      {sections.map((section) => (
        <div key={section.title} className={classes.section}>
          <div className={classes.title}>{section.title}</div>
          {section.items.map((item) => (
            <Item key={item.to} item={item} onNavigate={onNavigate} />
          ))}
        </div>
      ))}
    </nav>
  );
}

function Item({ item, onNavigate }: { item: NavigationItem; onNavigate: () => void }) {
  const navigate = useNavigate();
  useShortcut(item.keys, `Go to ${item.title}`, () => void navigate({ to: item.to }));
  return (
    <NavLink
      component={Link}
      to={item.to}
      activeOptions={{ exact: item.to === "/", includeSearch: false }}
      activeProps={{ "data-active": true, "aria-current": "page" }}
      label={item.title}
      leftSection={<item.icon size={17} stroke={1.7} />}
      onClick={onNavigate}
      className={classes.link}
    />
  );
}
