declare module "elkjs/lib/elk-worker.min.js?url" {
  const address: string;
  export default address;
}
