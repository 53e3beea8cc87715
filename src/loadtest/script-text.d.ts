/** k6 scripts are bundled as the text they are; `with { type: "text" }` sees to it. */
declare module "*.js" {
  const text: string;
  export default text;
}
