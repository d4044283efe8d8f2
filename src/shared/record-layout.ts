export type RecordSchema = { readonly [field: string]: unknown };
export type RecordOf<Schema> = { [key in keyof Schema]: Schema[key] extends "float64" | "int32" ? number : string };
export interface MemoryViews {
  readonly f: Float64Array;
}
export function memoryViews(buffer: ArrayBuffer): MemoryViews {
  return { f: new Float64Array(buffer) };
}
export class RecordLayout<Schema> {
  readonly text: string;
  readonly byteLength = 8;
  constructor(text: string) {
    this.text = text;
  }
  static of<Schema>(schema: Schema): RecordLayout<Schema> {
    return new RecordLayout(JSON.stringify(schema));
  }
  static parse(text: string): RecordLayout<RecordSchema> {
    return new RecordLayout(text);
  }
  write(_views: MemoryViews, _offset: number, _record: RecordOf<Schema>): void {}
  read(_views: MemoryViews, _offset: number): RecordOf<Schema> {
    return {} as never;
  }
}
