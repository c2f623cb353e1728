// Mirrors the writes of one membrane memory; `take` hands the mirror out and clears it.
//
// A write in the cycle of `take` belongs to the next sample.
module tickless_probe #(
    parameter int WIDTH = 1,
    parameter int ADDRESS_WIDTH = 1,
    parameter int DEPTH = 1,
    parameter int PROBE = 0
) (
    input logic clk,
    input logic take,
    input logic enable,
    input logic [ADDRESS_WIDTH-1:0] address,
    input logic [WIDTH-1:0] data
);
  import "DPI-C" function void tickless_snapshot(
    input int probe,
    input longint word
  );

  localparam int Words = (WIDTH + 63) / 64;

  // verilator lint_off BLKSEQ
  logic [64*Words-1:0] mirror[DEPTH];
  initial for (int row = 0; row < DEPTH; row++) mirror[row] = '0;

  always @(posedge clk) begin
    if (take)
      for (int row = 0; row < DEPTH; row++) begin
        for (int word = 0; word < Words; word++) tickless_snapshot(PROBE, mirror[row][64*word+:64]);
        mirror[row] = '0;
      end
    if (enable) mirror[address] = (64 * Words)'(data);
  end
  // verilator lint_on BLKSEQ
endmodule
