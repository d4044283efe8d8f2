/**
 * Reads Perfetto traces with a general decoder of protocol buffers, from the part of the
 * format's public schema that is of interest, and checks what viewers ask of them.
 */
import assert from "node:assert/strict";

import protobuf from "protobufjs";

/** Names and numbers as in perfetto/trace/*.proto. */
const SCHEMA = `
syntax = "proto2";
package perfetto.protos;
message Trace { repeated TracePacket packet = 1; }
message TracePacket {
  optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10;
  optional TrackEvent track_event = 11;
  optional uint32 sequence_flags = 13;
  optional TrackDescriptor track_descriptor = 60;
}
message TrackDescriptor {
  optional uint64 uuid = 1;
  optional string name = 2;
  optional ProcessDescriptor process = 3;
  optional ThreadDescriptor thread = 4;
  optional uint64 parent_uuid = 5;
  optional CounterDescriptor counter = 8;
}
message ProcessDescriptor { optional int32 pid = 1; optional string process_name = 6; }
message ThreadDescriptor { optional int32 pid = 1; optional int32 tid = 2; optional string thread_name = 5; }
message CounterDescriptor { optional string unit_name = 6; }
message TrackEvent {
  enum Type { TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3; TYPE_COUNTER = 4; }
  repeated DebugAnnotation debug_annotations = 4;
  optional Type type = 9;
  optional uint64 track_uuid = 11;
  repeated string categories = 22;
  optional string name = 23;
  optional double double_counter_value = 44;
  repeated fixed64 flow_ids = 47;
  repeated fixed64 terminating_flow_ids = 48;
}
message DebugAnnotation {
  optional double double_value = 5;
  optional string string_value = 6;
  optional string name = 10;
}
`;

const decoder = protobuf.parse(SCHEMA).root.lookupType("perfetto.protos.Trace");

interface Packet {
  readonly timestamp?: string;
  readonly trustedPacketSequenceId?: number;
  readonly sequenceFlags?: number;
  readonly trackDescriptor?: {
    readonly uuid: string;
    readonly name?: string;
    readonly parentUuid?: string;
    readonly process?: { readonly pid: number; readonly processName: string };
    readonly thread?: { readonly pid: number; readonly tid: number; readonly threadName: string };
    readonly counter?: { readonly unitName: string };
  };
  readonly trackEvent?: {
    readonly type: "TYPE_SLICE_BEGIN" | "TYPE_SLICE_END" | "TYPE_INSTANT" | "TYPE_COUNTER";
    readonly trackUuid: string;
    readonly name?: string;
    readonly categories?: readonly string[];
    readonly doubleCounterValue?: number;
    readonly flowIds?: readonly string[];
    readonly terminatingFlowIds?: readonly string[];
    readonly debugAnnotations?: readonly {
      readonly name: string;
      readonly doubleValue?: number;
      readonly stringValue?: string;
    }[];
  };
}

/** A slice, or an instant if it has no length. */
export interface PerfettoSlice {
  /** Name of the track, or of its thread. */
  readonly track: string;
  readonly category: string;
  readonly name: string;
  readonly beginNs: number;
  endNs: number;
  readonly flows: readonly string[];
  readonly endingFlows: readonly string[];
  readonly values: Readonly<Record<string, string | number>>;
}

export interface PerfettoFile {
  readonly processes: readonly string[];
  readonly threads: readonly string[];
  readonly slices: readonly PerfettoSlice[];
  readonly instants: readonly PerfettoSlice[];
  /** By track: time in nanoseconds and value. */
  readonly counters: ReadonlyMap<string, readonly (readonly [number, number])[]>;
}

/** Decodes a file; fails where a viewer would show something else than was meant. */
export function readPerfetto(bytes: Uint8Array): PerfettoFile {
  const options = { longs: String, enums: String } as const;
  const { packet: packets = [] } = decoder.toObject(decoder.decode(bytes), options) as { packet?: readonly Packet[] };
  const tracks = new Map<string, string>();
  const processes: string[] = [];
  const threads: string[] = [];
  const slices: PerfettoSlice[] = [];
  const instants: PerfettoSlice[] = [];
  const counters = new Map<string, [number, number][]>();
  const open = new Map<string, PerfettoSlice[]>();
  const lastNs = new Map<string, number>();
  assert.equal(packets[0]?.sequenceFlags, 1, "the first packet begins a sequence");
  for (const { timestamp, trackDescriptor, trackEvent, trustedPacketSequenceId } of packets) {
    assert.equal(trustedPacketSequenceId, 1, "each packet belongs to the sequence");
    if (trackDescriptor !== undefined) {
      const { uuid, name, parentUuid, process, thread } = trackDescriptor;
      assert.ok(!tracks.has(uuid), "a track is described once");
      assert.ok(process !== undefined || tracks.has(parentUuid ?? ""), "a track stands under one described before");
      tracks.set(uuid, name ?? thread?.threadName ?? process?.processName ?? "");
      if (process !== undefined) processes.push(process.processName);
      if (thread !== undefined) threads.push(thread.threadName);
    }
    if (trackEvent === undefined) continue;
    const { type, trackUuid, name = "", categories = [], debugAnnotations = [] } = trackEvent;
    const track = tracks.get(trackUuid);
    assert.ok(track !== undefined, "an event is on a described track");
    const atNs = Number(timestamp);
    // Slices of a track are put together in the order of their packets, at equal times.
    if (type !== "TYPE_INSTANT") {
      assert.ok(atNs >= (lastNs.get(trackUuid) ?? 0), `times on the track ${track} do not go back`);
      lastNs.set(trackUuid, atNs);
    }
    const stack = open.get(trackUuid) ?? [];
    open.set(trackUuid, stack);
    const slice = (): PerfettoSlice => ({
      track,
      category: categories[0] ?? "",
      name,
      beginNs: atNs,
      endNs: atNs,
      flows: trackEvent.flowIds ?? [],
      endingFlows: trackEvent.terminatingFlowIds ?? [],
      values: Object.fromEntries(debugAnnotations.map((one) => [one.name, one.doubleValue ?? one.stringValue ?? ""])),
    });
    if (type === "TYPE_SLICE_BEGIN") stack.push(slice());
    else if (type === "TYPE_INSTANT") instants.push(slice());
    else if (type === "TYPE_COUNTER") {
      counters.set(track, [...(counters.get(track) ?? []), [atNs, trackEvent.doubleCounterValue ?? Number.NaN]]);
    } else {
      const begun = stack.pop();
      assert.ok(begun !== undefined, "what ends has begun");
      begun.endNs = atNs;
      slices.push(begun);
    }
  }
  for (const stack of open.values()) assert.equal(stack.length, 0, "what has begun ends");
  return { processes, threads, slices, instants, counters };
}
