import { openOurs } from '/work/main/bench/workloads/ysb-ours.mjs';
import { campaignOfAd, fillEvents } from '/work/main/bench/workloads/ysb-events.mjs';
const rows = 16e6, workers = Number(process.argv[2]??1);
const columns = { adId: new Int16Array(new SharedArrayBuffer(rows*2)), eventType: new Int8Array(new SharedArrayBuffer(rows)), at: new BigInt64Array(new SharedArrayBuffer(rows*8)) };
fillEvents(columns);
const o = await openOurs(columns, campaignOfAd(), workers);
let best=1e9,bw=1e9;
for (let i=0;i<25;i++){ const t=performance.now(), c=process.cpuUsage(); const r=await o.fromHeap(); const d=process.cpuUsage(c); const cpu=(d.user+d.system)/1000; const w=performance.now()-t; best=Math.min(best,cpu);bw=Math.min(bw,w); if(i%6==0)console.log('wall',w.toFixed(1),'cpu', cpu.toFixed(1), r.rows.length); }
console.log('best cpu', best.toFixed(1), 'best wall', bw.toFixed(1));
await o.close();
