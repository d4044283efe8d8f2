/** What a canvas of lanes draws of a model, in the colours that are chosen. */
import { useMemo, useRef } from "preact/hooks";

import type { GroupInfo, Model } from "../analysis/model.js";
import type { InOrder } from "../analysis/event-order.js";
import { place } from "../state.js";
import type { Picture } from "./canvas-timeline.js";
import { type ColourBy, inTones, type ToneName, type Tones, tonesOf } from "./tones.js";

/**
 * @param order - if the axis counts events
 * @param accepts - which groups are drawn; all by default
 */
export function usePicture(
  model: Model,
  order?: InOrder,
  accepts?: (group: GroupInfo) => boolean,
): { readonly picture: Picture; readonly toneNames: readonly ToneName[] } {
  const { colourBy } = place.value;
  const last = useRef<{ readonly by: ColourBy; readonly tones: Tones } | undefined>(undefined);
  const tones = useMemo(() => {
    // What has a colour keeps it while a recording goes on.
    const made = tonesOf(model, colourBy, last.current?.by === colourBy ? last.current.tones.names : []);
    last.current = { by: colourBy, tones: made };
    return made;
  }, [model, colourBy]);
  const picture = useMemo<Picture>(() => {
    const columns = order?.columns ?? model.columns;
    return {
      columns,
      painted: inTones(columns, tones),
      rows: model.rows,
      groups: accepts === undefined ? model.groups : model.groups.filter(accepts),
      names: model.names,
      extent: order === undefined ? model.durationMs : order.momentsMs.length,
    };
  }, [model, order, tones]);
  return { picture, toneNames: tones.names };
}
