// The worker file of poolifier, whose worker is made by importing it.
import { ThreadWorker } from "poolifier";

import { functions } from "./dispatch-tasks.js";

export default new ThreadWorker(functions as never);
