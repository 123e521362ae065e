import { openDuckdbInt64 } from './workloads/groups-duckdb.mjs';
import { openOursInt64 } from './workloads/groups-ours.mjs';
import { groupRows, int64Keys } from './workloads/group-rows.mjs';
const rows = Number(process.argv[2]), sizes = process.argv[3].split(',').map(Number), rounds=Number(process.argv[4]??6), duck=process.argv[5]!=='no';
for (const groups of sizes) {
  const { index, value, expected } = groupRows(rows, groups);
  const input = { keys: int64Keys(index, false), value, expected, dense: false };
  const ours = await openOursInt64(input, 2); const d = duck? await openDuckdbInt64(input, 2):null;
  const m = async f => { const t=performance.now(), c=process.cpuUsage(); await f(); const u=process.cpuUsage(c); return [performance.now()-t,(u.user+u.system)/1000]; };
  let o=[1e9,1e9], dd=[1e9,1e9];
  for (let i=0;i<rounds;i++){ const a=await m(ours.run); o=[Math.min(o[0],a[0]),Math.min(o[1],a[1])]; if(d){const b=await m(d.run); dd=[Math.min(dd[0],b[0]),Math.min(dd[1],b[1])];} }
  console.log(groups, 'ours wall/cpu', o.map(x=>x.toFixed(0)), 'duck', dd.map(x=>x.toFixed(0)), 'ratio wall', (dd[0]/o[0]).toFixed(2), 'cpu', (dd[1]/o[1]).toFixed(2), 'bytes/group', (ours.peakStateBytes()/groups).toFixed(1), ours.check());
  await ours.close(); d?.close();
}
