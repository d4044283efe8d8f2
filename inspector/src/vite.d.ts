/** The address of a worker's bundle. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}

/** Style sheets are imported for what they do. */
declare module "*.css";
