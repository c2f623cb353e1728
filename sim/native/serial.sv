// Host's end of a serial line.
module tickless_serial (
    input  logic clk,
    input  logic tx,
    input  logic busy,
    output logic rx
);
  import "DPI-C" function bit tickless_line(
    input bit tx,
    input bit busy
  );

  initial rx = 1'b1;

  always_ff @(posedge clk) rx <= tickless_line(tx, busy);
endmodule
