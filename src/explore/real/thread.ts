/** The first module of a real thread on which schedules are followed: started by its URL, `#explore-thread`. */
import { ROLE_MARKER } from "./host-workers.js";
import { type FromRole, Role, type RoleSetup } from "./role.js";

interface RoleMarker {
  readonly setup: RoleSetup;
  readonly tell: (fact: FromRole) => void;
}

const marker = (globalThis as { [ROLE_MARKER]?: RoleMarker })[ROLE_MARKER];
if (marker !== undefined) void new Role(marker.setup, marker.tell).begin();
